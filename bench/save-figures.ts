import { writeFile } from 'node:fs/promises';
import { describeMachine } from './machine.ts';

/** Behind the point. */
const DIGITS = 4;

/** Writes figures as JSON, with the machine they come from at the top; what is no number becomes null. */
export async function saveFigures(path: string, figures: object): Promise<void> {
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' ? Number(value.toFixed(DIGITS)) : value;
  await writeFile(path, `${JSON.stringify({ machine: describeMachine(), ...figures }, rounded, 2)}\n`);
}

/** `what on this machine, date, commit`: the heading of a chart. */
export function chartTitle(what: string): string {
  const { cpu, cores, commit, date } = describeMachine();

  return `${what}: ${cores} cores of ${cpu}, ${date}, ${commit ?? 'no commit'}`;
}
