// The kernel's settings, limits and counters that decide how connections end, and begin under load.
import os from 'node:os';

import { examineByCommands } from './doctor/commands.js';
import { examineLinux } from './doctor/linux.js';
import { makeReport, type DoctorReport } from './doctor/report.js';

/**
 * Looks at the settings, limits and counters that decide how connections end, and begin under load, and warns where
 * a value will hurt. Only reads. Never rejects for what can't be read: such an item has a value of null, and the reason.
 *
 * Linux: /proc, as this process sees it, in its own network namespace. macOS, FreeBSD, Windows: a few settings by the
 * system's own commands. Elsewhere the report has no groups.
 */
export async function doctor(): Promise<DoctorReport> {
  const platform = process.platform;
  const groups = platform === 'linux' ? examineLinux() : await examineByCommands(platform);
  return makeReport({ platform, release: os.release(), node: process.version }, groups);
}
