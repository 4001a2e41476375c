import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Where and of what a figure was taken. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
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
    node: process.version,
    commit: commit === '' ? null : `${commit}${changed ? '+' : ''}`,
    date: new Date().toISOString().slice(0, 10),
  };
}
