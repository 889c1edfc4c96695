// Leaves out what can't run here, and says why: one test from within it, all of a suite from its before().

export function skip(context: Mocha.Context, reason: string): never {
  console.log(`      skipped: ${reason}`);
  return context.skip();
}
