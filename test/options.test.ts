import assert from 'node:assert/strict';
import { getLinger } from 'socket-linger';

describe('smoke', () => {
  it('loads', () => {
    assert.equal(typeof getLinger, 'function');
  });
});
