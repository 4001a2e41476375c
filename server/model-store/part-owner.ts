import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Which process on which host something in the models directory belongs to. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
}

const pattern = /^(?<host>.+)-(?<pid>\d+)-[0-9a-f]{12}$/;

/** This host, as it stands in names of files. */
export const thisHost = hostname().replaceAll(/[^\w.-]/g, '_');

/** A name for what belongs to this process: never given twice. */
export function ownName(): string {
  return `${thisHost}-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** Whose a name is; null where `ownName` has not made it. */
export function ownerOf(name: string): Owner | null {
  const groups = pattern.exec(name)?.groups;

  return groups === undefined ? null : { host: groups.host!, pid: Number(groups.pid) };
}

/** Whether a live process other than this one has the id. */
export function mayBeAnother(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
