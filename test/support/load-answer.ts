/** What load-server.ts answers, and load-client.ts expects. */
export const answer = Buffer.alloc(2000, 'an answer, which is to arrive as a whole. ');
