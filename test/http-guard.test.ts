import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ApiKeys } from '../server/admission/api-keys.ts';
import { StreamError } from '../server/errors.ts';
import { jsonAnswer, textAnswer } from '../server/net/http.ts';
import { HttpGuard, type KeyedPost, type Manners } from '../server/net/http-guard.ts';
import { ClientGoneError } from '../server/net/request-body.ts';
import { postRequest } from './support/post-rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'roundtable-guard-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'keys.json');
const sha256 = createHash('sha256').update('secret').digest('hex');
writeFileSync(file, JSON.stringify({ keys: [{ name: 'tests', sha256 }] }));

/** As another service has it. */
const MANNERS: Manners = {
  keyOf: ({ headers }) => /^Token (\S+)$/.exec(headers.authorization)?.[1] ?? null,
  tell: ({ code, message }) => jsonAnswer('418 Told', { fault: code, message }),
};

async function ask(route: KeyedPost, headers: Parameters<typeof postRequest>[1], manners?: Manners) {
  const failures: unknown[] = [];
  const guard = new HttpGuard(await ApiKeys.load(file), 'self', (cause) => failures.push(cause));
  const answer = await guard.protect(route, manners)(postRequest([], headers));
  if (!('status' in answer)) throw new Error('It answers without an end.');

  return { status: answer.status, body: String(answer.body), headers: answer.headers, failures };
}

const greet: KeyedPost = (_, { name }) => textAnswer('200 OK', `Hello, ${name}.`);

describe('HttpGuard', () => {
  it('takes keys as a dialect presents them, and tells faults as it does', async () => {
    const key = { authorization: 'Token secret' };
    expect(await ask(greet, key, MANNERS)).toMatchObject({ status: '200 OK', body: 'Hello, tests.\n' });
    expect(await ask(greet, key)).toMatchObject({ status: '401 Unauthorized' });
    expect(await ask(greet, { authorization: 'Bearer secret' })).toMatchObject({ status: '200 OK' });
    const refused = await ask(greet, { authorization: 'Token wrong' }, MANNERS);
    expect(refused).toMatchObject({
      status: '418 Told',
      body: expect.stringContaining('"fault":"unauthorized"'),
    });
    const busy: KeyedPost = () => {
      throw new StreamError('busy');
    };
    expect(await ask(busy, key, MANNERS)).toMatchObject({
      body: expect.stringContaining('"fault":"busy"'),
      failures: [],
    });
  });

  it('tells nobody what went wrong inside but the log, and nothing of clients that went away', async () => {
    const authorization = 'Token secret';
    const bug = new Error('at /home/user/secret.ts');
    const failing: KeyedPost = () => Promise.reject(bug);
    const failed = await ask(failing, { authorization }, MANNERS);
    expect(failed).toMatchObject({ body: expect.stringContaining('"fault":"internal"'), failures: [bug] });
    expect(failed.body).not.toContain('secret.ts');
    const leaving: KeyedPost = () => Promise.reject(new ClientGoneError());
    expect(await ask(leaving, { authorization }, MANNERS)).toMatchObject({ failures: [] });
  });

  it('lets pages of other origins neither post nor read the answer, but those that are allowed', async () => {
    const authorization = 'Bearer secret';
    const foreign = { authorization, host: 'here', origin: 'https://there' };
    expect(await ask(greet, foreign)).toMatchObject({ status: '403 Forbidden' });
    const own = await ask(greet, { authorization, host: 'here', origin: 'https://here' });
    expect(own.headers).toMatchObject({ 'access-control-allow-origin': 'https://here' });
    const guard = new HttpGuard(await ApiKeys.load('none'), '*');
    expect(await guard.preflight(postRequest([], foreign))).toMatchObject({
      headers: {
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
        'access-control-allow-headers': 'authorization, content-type, last-event-id',
      },
    });
  });
});
