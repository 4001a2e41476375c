import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkspace, removeLeftovers } from '../server/model-store/workspace.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'model-store-workspace-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function leave(pid: number, host = hostname()): Promise<string> {
  const name = `.partial-${host}-${pid}-0123456789ab`;
  await mkdir(join(directory, name));
  await writeFile(join(directory, name, 'encoder.onnx'), 'half');
  return name;
}

async function idOfDeadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid!;
}

const dayMs = 24 * 60 * 60 * 1000;

describe('Leftover cleaning', () => {
  it('deletes the workspace of a process that is dead', async () => {
    await leave(await idOfDeadProcess());
    await removeLeftovers(directory);
    expect(await readdir(directory)).toEqual([]);
  });

  it('keeps the workspace of another process that is alive', async () => {
    const name = await leave(process.ppid);
    await removeLeftovers(directory);
    expect(await readdir(directory)).toEqual([name]);
  });

  it('keeps an open workspace of this process and deletes one that an earlier process with its id left', async () => {
    const workspace = await openWorkspace(directory);
    await leave(process.pid);
    await removeLeftovers(directory);
    expect((await readdir(directory)).map((name) => join(directory, name))).toEqual([workspace.path]);
    await workspace.close();
    expect(await readdir(directory)).toEqual([]);
  });

  it("keeps another host's workspace until a day after its last write", async () => {
    const name = await leave(await idOfDeadProcess(), 'elsewhere.example');
    await removeLeftovers(directory, Date.now() + dayMs - 60_000);
    expect(await readdir(directory)).toEqual([name]);
    await removeLeftovers(directory, Date.now() + dayMs + 60_000);
    expect(await readdir(directory)).toEqual([]);
  });

  it('touches nothing that is not a workspace', async () => {
    await mkdir(join(directory, 'moonshine-tiny-en'));
    await writeFile(join(directory, '.partial-notes'), '');
    await removeLeftovers(directory, Date.now() + 10 * dayMs);
    expect((await readdir(directory)).sort()).toEqual(['.partial-notes', 'moonshine-tiny-en']);
  });

  it('passes over a directory that does not exist', async () => {
    await expect(removeLeftovers(join(directory, 'none'))).resolves.toBeUndefined();
  });
});
