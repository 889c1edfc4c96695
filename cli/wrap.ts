/** Lines of at most `width` columns, each indented. Breaks at spaces only. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines = [indent];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    const longer = line.trim() === '' ? line + word : `${line} ${word}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(indent + word);
  }
  return lines;
}
