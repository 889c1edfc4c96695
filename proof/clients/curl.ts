// curl: reads while it sends, and stops sending when the answer is an error.
import { file } from './client.js';
import { serveByCommand } from './command.js';

await serveByCommand({
  program: 'curl',
  arguments: (url, seconds, output) => [
    ...['--disable', '--silent', '--show-error', '--insecure', '--noproxy', '*', '--max-time', `${seconds}`],
    // Without this curl asks first whether it may upload, and the server answers before the upload instead of in it.
    ...['--header', 'Expect:'],
    ...['--upload-file', file, '--output', output, '--write-out', '%{http_code}', url],
  ],
  readStatus: ({ stdout }) => Number(stdout) || null,
});
