// The answers of the proof: the path of the request's URL is the length of its body.

/** No upload may be longer than this. */
export const uploadLimit = 1024 * 1024;

/** As short as an error message, more than one congestion window, more than the kernel takes at once. */
export const replySizes = [200, 300_000, 2_000_000] as const;

const line = 'That is more than this server wants to have.\n';

/** A body of so many bytes, without two pages that are alike: one that is cut or shifted does not pass for another. */
export function makeReply(bytes: number): Buffer {
  let text = '';
  for (let number = 0; text.length < bytes; number += 1) text += `${number} ${line}`;
  return Buffer.from(text.slice(0, bytes));
}

const replies = new Map<string, Buffer>();

/** The body for the URL `/<bytes>`. */
export function replyFor(url: string): Buffer {
  let reply = replies.get(url);
  if (reply === undefined) replies.set(url, (reply = makeReply(Number(new URL(url, 'http://proof').pathname.slice(1)))));
  return reply;
}
