import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Where and of what a figure was taken. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Names of the GPUs, where there is a driver that tells. Whether one was used the command's flags say. */
  readonly gpus: readonly string[];
  readonly node: string;
  /** Null outside a git checkout; with a plus sign when the tree had uncommitted changes. */
  readonly commit: string | null;
  readonly date: string;
}

/** This machine and this checkout. */
export function describeMachine(): Machine {
  const git = (...args: string[]) => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
  const commit = git('rev-parse', '--short', 'HEAD');
  const changed = git('status', '--porcelain', '--untracked-files=no') !== '';

  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    gpus: namesOfGpus(),
    node: process.version,
    commit: commit === '' ? null : `${commit}${changed ? '+' : ''}`,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** What a figure was taken on, in a few words. */
export function nameMachine({ cpu, cores, gpus }: Machine): string {
  return [`${cpu}, ${cores} cores`, ...gpus].join(', ');
}

function namesOfGpus(): readonly string[] {
  const query = ['--query-gpu=name', '--format=csv,noheader'];
  const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8', timeout: 5000 });

  return status === 0 ? stdout.trim().split('\n').filter(Boolean) : [];
}
