import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Failure } from '../../failure.ts';
import { type HttpRoute, type RouteAnswer, textAnswer } from '../../net/http.ts';

/** Shorter ones could be guessed. */
const LEAST_CHARACTERS = 16;

/** What operators present, as HTTP's Basic authentication (RFC 7617), with any user name. Only its hash is kept. */
export class AdminPassword {
  readonly #hash: Buffer;

  private constructor(hash: Buffer) {
    this.#hash = hash;
  }

  /** @param file the password is its content, without blanks around it. @throws {Failure} when there is none, or it is short. */
  static async load(file: string): Promise<AdminPassword> {
    let password: string;
    try {
      password = (await readFile(file, 'utf8')).trim();
    } catch (cause) {
      const { message } = cause as Error;
      throw new Failure(`The operators' password cannot be read: ${message}. Mend --admin-password-file.`, {
        cause,
      });
    }
    if (password.length < LEAST_CHARACTERS)
      throw new Failure(
        `The operators' password in ${file} is shorter than ${LEAST_CHARACTERS} characters. Choose a longer one.`,
      );

    return new AdminPassword(hashOf(password));
  }

  /** A route for those who have it. */
  protect(route: HttpRoute): HttpRoute {
    return (request): RouteAnswer => {
      const [, encoded = ''] = /^basic +([a-z0-9+/=_-]+) *$/i.exec(request.headers.authorization) ?? [];
      const [, presented = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
      if (timingSafeEqual(hashOf(presented), this.#hash)) return route(request);

      return {
        ...textAnswer('401 Unauthorized', "The operators' password is needed, with any user name."),
        headers: { 'www-authenticate': 'Basic realm="Roundtable", charset="UTF-8"' },
      };
    };
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
