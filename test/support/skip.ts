// Leaves out what can't run here, and says why: one test from within it, all of a suite from its before().
import { missingReason } from './command.js';
import { noNamespaceReason } from './namespace.js';

export function skip(context: Mocha.Context, reason: string): never {
  console.log(`      skipped: ${reason}`);
  return context.skip();
}

/** The reason says what is Linux' about it. */
export function needsLinux(context: Mocha.Context, reason: string): void {
  if (process.platform !== 'linux') skip(context, reason);
}

export function needsPrograms(context: Mocha.Context, ...programs: string[]): void {
  const reason = missingReason(...programs);
  if (reason !== undefined) skip(context, reason);
}

/** A network namespace of its own, and these programs. */
export function needsNamespace(context: Mocha.Context, ...programs: string[]): void {
  const reason = noNamespaceReason(...programs);
  if (reason !== undefined) skip(context, reason);
}
