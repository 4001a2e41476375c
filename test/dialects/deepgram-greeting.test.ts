import { describe, expect, it } from 'vitest';
import { DEEPGRAM } from '../../server/dialects/deepgram/deepgram.ts';
import { refusal } from '../../server/dialects/deepgram/faults.ts';
import { type ErrorCode, StreamError } from '../../server/errors.ts';
import { LINEAR16 } from './deepgram-rig.ts';

function greet({ authorization = '', offered = [] as readonly string[], query = LINEAR16 }) {
  return DEEPGRAM.greet({ query: new URLSearchParams(query), authorization, openaiBeta: '', offered });
}

describe("A client of Deepgram's", () => {
  it.each([
    ['Token abc', 'abc'],
    ['token  abc ', 'abc'],
    ['Bearer abc', 'abc'],
    ['Basic abc', null],
    ['', null],
  ])('presents its key in the header %j', (authorization, key) => {
    expect(greet({ authorization })).toMatchObject({ key, subprotocol: '' });
  });

  it.each([
    [['token', 'abc'], 'abc', 'token'],
    [['bearer', 'abc'], 'abc', 'bearer'],
    [['x-deepgram-session-id', 'a-b', 'token', 'abc'], 'abc', 'token'],
    [['token'], null, 'token'],
    [['other'], null, 'other'],
  ])('presents its key among the subprotocols %j', (offered, key, subprotocol) => {
    expect(greet({ offered })).toMatchObject({ key, subprotocol });
  });

  it('gets an id of its own in the answer', () => {
    const [one, other] = [greet({}), greet({})].map(({ headers }) => headers!['dg-request-id']);
    expect(one).toMatch(/^[0-9a-f-]{36}$/);
    expect(one).not.toBe(other);
  });
});

describe('A refusal', () => {
  it.each([
    ['out-of-range', '400 Bad Request', 'Bad Request'],
    ['unsupported-encoding', '400 Bad Request', 'Bad Request'],
    ['unsupported-language', '400 Bad Request', 'Bad Request'],
    ['bad-message', '400 Bad Request', 'Bad Request'],
    ['too-many-streams', '429 Too Many Requests', 'TOO_MANY_REQUESTS'],
    ['upload-stalled', '408 Request Timeout', 'SLOW_UPLOAD'],
    ['upload-too-large', '413 Payload Too Large', 'PAYLOAD_TOO_LARGE'],
    ['bad-recording', '400 Bad Request', 'Bad Request'],
    ['no-space', '503 Service Unavailable', 'SERVICE_UNAVAILABLE'],
    ['busy', '503 Service Unavailable', 'SERVICE_UNAVAILABLE'],
    ['not-ready', '503 Service Unavailable', 'SERVICE_UNAVAILABLE'],
    ['internal', '500 Internal Server Error', 'INTERNAL_SERVER_ERROR'],
  ] as readonly [ErrorCode, string, string][])('for %s is %s with %s', (code, status, errCode) => {
    const answer = DEEPGRAM.refuse(new StreamError(code, 'A detail.'));
    const body = JSON.parse(String(answer.body)) as { readonly err_msg: string };
    expect(answer.status).toBe(status);
    expect(body).toEqual({
      err_code: errCode,
      err_msg: expect.stringMatching(/A detail\.$/) as string,
      request_id: answer.headers!['dg-request-id'],
    });
    expect(answer.headers!['dg-error']).toBe(body.err_msg);
  });

  it('says how keys are presented', () => {
    const { status, body } = DEEPGRAM.refuse(new StreamError('unauthorized'));
    expect(status).toBe('401 Unauthorized');
    expect(JSON.parse(String(body))).toMatchObject({
      err_code: 'INVALID_AUTH',
      err_msg: expect.stringContaining('"Authorization: Token KEY"') as string,
    });
  });

  it('says when to come back', () => {
    expect(refusal(new StreamError('busy', undefined, { retryAfterMs: 1500 })).retryAfterSeconds).toBe(2);
  });

  it('lets nothing into its headers that is no header', () => {
    const { headers } = refusal(new StreamError('bad-message', 'a\r\nx: y é'));
    expect(headers!['dg-error']).toMatch(/a\?\?x: y \?$/);
  });
});
