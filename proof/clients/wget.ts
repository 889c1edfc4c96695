// wget: sends everything before it reads.
import { file } from './client.js';
import { serveByCommand } from './command.js';

await serveByCommand({
  program: 'wget',
  arguments: (url, seconds, output) => [
    ...['--no-config', '--no-verbose', '--server-response', '--no-check-certificate', '--no-proxy', '--no-hsts'],
    ...['--tries', '1', '--timeout', `${seconds}`, '--content-on-error'],
    ...['--method', 'PUT', '--header', 'Content-Type: application/octet-stream', '--body-file', file],
    ...['--output-document', output, url],
  ],
  readStatus: ({ stderr }) => Number(/^ *HTTP\/1\.1 (\d+)/m.exec(stderr)?.[1] ?? 0) || null,
});
