import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** How a service of our own is run. */
export interface ServiceOptions {
  /** Name of its folder. */
  readonly name: string;
  /** The line of its output that says it can be used. */
  readonly readyLine: RegExp;
  /** Its command line, which must not put itself into the background. */
  readonly command: (folder: string, port: number) => readonly string[];
}

/**
 * A program of a Debian package as a service of the tests' own: in a temporary folder, on a free port of loopback, as a
 * process of ours, without whatever the package has set up. Most such programs refuse to be root; where the tests are, an
 * unprivileged user runs them.
 */
export class DebianService {
  readonly folder: string;
  readonly port: number;
  readonly #options: ServiceOptions;
  #process: ChildProcess | null = null;

  private constructor(folder: string, port: number, options: ServiceOptions) {
    this.folder = folder;
    this.port = port;
    this.#options = options;
  }

  /** Makes its folder; nothing runs yet. */
  static async make(options: ServiceOptions): Promise<DebianService> {
    const folder = mkdtempSync(join(tmpdir(), `roundtable-${options.name}-`));
    if (USER) chownSync(folder, USER.uid, USER.gid);

    return new DebianService(folder, await freePort(), options);
  }

  /** Writes a file that only the service's user can read. @returns its path. */
  writeFile(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (USER) chownSync(file, USER.uid, USER.gid);

    return file;
  }

  /** Runs a command of the package to its end, as the service's user. @throws {Error} with what it wrote. */
  runOnce(command: readonly string[]): void {
    const [program, ...args] = asUser(command);
    execFileSync(program!, args, { cwd: this.folder, env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** Fulfilled when it says that it can be used. @throws {Error} with what it wrote, when it ends instead. */
  async start(): Promise<void> {
    const [program, ...args] = asUser(this.#options.command(this.folder, this.port));
    const child = spawn(program!, args, {
      cwd: this.folder,
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const listen = (line: string) => {
        lines.push(line);
        if (this.#options.readyLine.test(line)) resolve();
      };
      createInterface({ input: child.stdout! }).on('line', listen);
      createInterface({ input: child.stderr! }).on('line', listen);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`It ended with ${code}:\n${lines.join('\n')}`)));
    });
  }

  /** Ends it with a signal, and its children, when that is SIGKILL, and waits. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const children = signal === 'SIGKILL' ? childrenOf(child.pid!) : [];
    const exited = once(child, 'exit');
    child.kill(signal);
    for (const pid of children) kill(pid);
    await exited;
    this.#process = null;
  }

  /** Stops or continues it, as if the machine did not answer. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const { pid } = this.#process!;
    for (const each of [pid!, ...childrenOf(pid!)]) process.kill(each, signal);
  }

  /** Ends it at once, and leaves nothing behind. */
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Who runs services where the tests are root. */
const USER = process.getuid?.() === 0 ? unprivileged() : null;

/** So that lines are in English, and no setting of the user's own counts. */
const ENVIRONMENT = { PATH: process.env.PATH, LC_ALL: 'C' };

function unprivileged(): { readonly name: string; readonly uid: number; readonly gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [name, , uid, gid] =
    users.find(([each]) => each === 'postgres') ?? users.find(([each]) => each === 'nobody') ?? [];
  if (name === undefined) throw new Error('There is no user nobody that could run a service.');

  return { name, uid: Number(uid), gid: Number(gid) };
}

/** setpriv becomes the program: signals go to it. */
function asUser(command: readonly string[]): readonly string[] {
  if (!USER) return command;

  return ['setpriv', `--reuid=${USER.uid}`, `--regid=${USER.gid}`, '--clear-groups', '--', ...command];
}

function childrenOf(pid: number): readonly number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [];

  return readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone with its parent.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');

  return port;
}

/** Newest folder of programs that matches `/usr/lib/NAME/VERSION/bin`, where Debian keeps several versions; null for none. */
export function versionedBinaries(name: string): string | null {
  const root = `/usr/lib/${name}`;
  if (!existsSync(root)) return null;
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));

  return versions.map((version) => join(root, version, 'bin')).find((folder) => existsSync(folder)) ?? null;
}
