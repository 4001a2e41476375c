import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What the threads of the process work for; `other` is the garbage collector, the compiler and file access. */
export const CPU_PARTS = ['inference', 'vad', 'sockets', 'other'] as const;
export type CpuPart = (typeof CPU_PARTS)[number];

const TASKS = '/proc/self/task';
/** The unit of processor time in /proc, whatever the kernel's own is: USER_HZ, 100 on all of Linux. */
const TICKS_PER_SECOND = 100;

/**
 * Processor time by what it was spent on. What a thread has used since the last reading is added to the part it works
 * for now, so that no sum ever falls: not when a thread dies, nor when its number is given to another.
 */
export class ThreadCpu {
  readonly #readStats: () => readonly string[];
  readonly #ticks: Record<CpuPart, number> = { inference: 0, vad: 0, sockets: 0, other: 0 };
  /** Of each thread that lived at the last reading, by its number and when it started. */
  #lastTicks: ReadonlyMap<string, number> = new Map();

  /** @param readStats a line for each thread that lives, as in /proc/self/task/N/stat (see proc_pid_stat(5)). */
  constructor(readStats: () => readonly string[]) {
    this.#readStats = readStats;
  }

  /** Of this process; null where it is not Linux. */
  static ofProcess(): ThreadCpu | null {
    return existsSync(TASKS) ? new ThreadCpu(readProcessStats) : null;
  }

  /**
   * Seconds of user and system time since the process began, without what a thread used between the last reading and
   * its death.
   * @param partOf what a thread works for, by its number in the operating system.
   */
  read(partOf: (osThreadId: number) => CpuPart): Readonly<Record<CpuPart, number>> {
    const present = new Map<string, number>();
    for (const line of this.#readStats()) {
      const { id, startedAt, ticks } = parseStat(line);
      const key = `${id} ${startedAt}`;
      present.set(key, ticks);
      this.#ticks[partOf(id)] += ticks - (this.#lastTicks.get(key) ?? 0);
    }
    this.#lastTicks = present;
    const seconds = { ...this.#ticks };
    for (const part of CPU_PARTS) seconds[part] /= TICKS_PER_SECOND;

    return seconds;
  }
}

function parseStat(line: string): {
  readonly id: number;
  readonly startedAt: string;
  readonly ticks: number;
} {
  // The second field is the thread's name in parentheses, which may hold blanks and parentheses itself.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => fields[number - 3]!;

  return {
    id: Number.parseInt(line, 10),
    startedAt: field(22),
    ticks: Number(field(14)) + Number(field(15)),
  };
}

function readProcessStats(): readonly string[] {
  return readdirSync(TASKS).flatMap((id) => {
    try {
      return [readFileSync(`${TASKS}/${id}/stat`, 'utf8')];
    } catch {
      // It has ended since the directory was read.
      return [];
    }
  });
}
