import { readFile } from 'node:fs/promises';

/** What a process holds. */
export interface ProcessMemory {
  /** Resident, pages shared with other processes counted in full. */
  readonly rssBytes: number;
  /** Resident, each shared page divided by how many share it. */
  readonly pssBytes: number;
}

/** Ticks of `/proc` in a second; Linux has told programs no other number on any machine for decades. */
const USER_HZ = 100;

/** CPU a process has used, all its threads, in user mode and in the kernel, in seconds; NaN where there is no `/proc`. */
export async function processCpuSeconds(pid: number): Promise<number> {
  const stat = await readProc(pid, 'stat');
  // The name, second of the fields, may hold anything; what follows it begins with the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');

  return (Number(fields[11] ?? Number.NaN) + Number(fields[12] ?? Number.NaN)) / USER_HZ;
}

/** Memory of a process; NaN where there is no `/proc`. */
export async function processMemory(pid: number): Promise<ProcessMemory> {
  const rollup = await readProc(pid, 'smaps_rollup');
  const bytes = (name: string) =>
    1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? Number.NaN);

  return { rssBytes: bytes('Rss'), pssBytes: bytes('Pss') };
}

function readProc(pid: number, name: string): Promise<string> {
  return readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
}
