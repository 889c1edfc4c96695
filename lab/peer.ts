// The other end of the connection, in a process of its own: counts and checks what arrives, and says what it saw.
import net from 'node:net';

import { followParent, makePayload, tell, type Seen, type ToPeer } from './protocol.js';
import { settings } from './settings.js';
import { situationById, situations, type Situation } from './situations.js';

const payload = makePayload(Math.max(...situations.map(({ replyBytes }) => replyBytes)));
const uploadBlock = Buffer.alloc(64_000);

class Peer {
  private readonly socket: net.Socket;
  private receivedBytes = 0;
  private uploadedBytes = 0;
  private intact = true;
  private saw: Seen | undefined;
  private startedReadingAt = 0;
  private closerDone = false;
  private patience: NodeJS.Timeout | undefined;
  private pause: NodeJS.Timeout | undefined;

  constructor(
    private readonly situation: Situation,
    port: number,
  ) {
    this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.pause();
    this.socket
      .on('connect', this.upload)
      .on('drain', this.upload)
      .on('data', (chunk: Buffer) => this.receive(chunk))
      .on('end', () => {
        this.note({ kind: 'end' });
        this.socket.end();
      })
      .on('error', (error: NodeJS.ErrnoException) => this.note({ kind: 'error', code: error.code ?? error.name }))
      .on('close', () => this.report());
  }

  /** The closing side is about to write its reply and to close. */
  closing(): void {
    const { startsAfterMs } = this.situation.reading;
    if (startsAfterMs !== 'closer-done') setTimeout(() => this.read(), startsAfterMs);
  }

  /** The closing side is closed, or counts as open. */
  finish(): void {
    if (this.socket.closed) return;
    this.closerDone = true;
    if (this.situation.reading.startsAfterMs === 'closer-done') this.read();
    this.wait();
  }

  private read(): void {
    this.startedReadingAt = performance.now();
    this.socket.resume();
  }

  private readonly upload = (): void => {
    while (this.saw === undefined && this.uploadedBytes < this.situation.uploadBytes) {
      const block = uploadBlock.subarray(0, this.situation.uploadBytes - this.uploadedBytes);
      this.uploadedBytes += block.length;
      if (!this.socket.write(block)) return;
    }
  };

  private receive(chunk: Buffer): void {
    const { bytesPerSecond, resetsAfterBytes } = this.situation.reading;
    const expected = payload.subarray(this.receivedBytes, this.receivedBytes + chunk.length);
    this.intact &&= chunk.equals(expected);
    this.receivedBytes += chunk.length;
    if (this.closerDone) this.wait();
    if (this.receivedBytes >= resetsAfterBytes) {
      this.note({ kind: 'own-reset' });
      this.socket.resetAndDestroy();
      return;
    }
    const dueAt = this.startedReadingAt + (this.receivedBytes / bytesPerSecond) * 1000;
    const early = dueAt - performance.now();
    if (early < 1) return;
    this.socket.pause();
    this.pause = setTimeout(() => this.socket.resume(), early);
  }

  private note(seen: Seen): void {
    this.saw ??= seen;
  }

  private wait(): void {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => {
      this.note({ kind: 'nothing' });
      this.socket.destroy();
    }, settings.peerPatienceMs);
  }

  private report(): void {
    clearTimeout(this.patience);
    clearTimeout(this.pause);
    const { receivedBytes, intact, saw = { kind: 'nothing' } } = this;
    void tell({ type: 'result', report: { receivedBytes, intact, saw } });
  }
}

let peer: Peer | undefined;
followParent();
process.on('message', (message: ToPeer) => {
  if (message.type === 'connect') peer = new Peer(situationById(message.situation), message.port);
  else if (message.type === 'closing') peer?.closing();
  else peer?.finish();
});
void tell({ type: 'started' });
