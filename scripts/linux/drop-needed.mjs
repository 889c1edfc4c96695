// Takes the names of the libraries that it needs (DT_NEEDED) out of a shared library: node scripts/linux/drop-needed.mjs FILE
//
// Whatever loads an addon has libc already, and glibc looks for the versions of its symbols in all that is loaded. Bun on
// musl refuses an addon that names libc.so.6, although musl itself would take that for its own.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const [, , file] = process.argv;
const elf = readFileSync(file);
if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) throw new Error(`${file} is not a little-endian 64-bit ELF file`);

const [ptDynamic, dtNull, dtNeeded, entrySize] = [2, 0n, 1n, 16];

/** Offset and size in the file of what the program header says is the dynamic section. */
function findDynamic() {
  const [table, size, count] = [Number(elf.readBigUInt64LE(0x20)), elf.readUInt16LE(0x36), elf.readUInt16LE(0x38)];
  for (let header = table; header < table + count * size; header += size) {
    if (elf.readUInt32LE(header) !== ptDynamic) continue;
    return [Number(elf.readBigUInt64LE(header + 8)), Number(elf.readBigUInt64LE(header + 32))];
  }
  throw new Error(`${file} has no dynamic section`);
}

const [offset, size] = findDynamic();
const kept = [];
for (let at = offset; at < offset + size; at += entrySize) {
  const tag = elf.readBigUInt64LE(at);
  if (tag === dtNull) break;
  if (tag !== dtNeeded) kept.push(Buffer.from(elf.subarray(at, at + entrySize)));
}
// DT_NULL, all zeros, ends the list.
elf.fill(0, offset, offset + size);
Buffer.concat(kept).copy(elf, offset);
writeFileSync(file, elf);
