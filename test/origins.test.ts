import { describe, expect, test } from 'vitest';
import { isOriginAllowed } from '../server/net/origins.ts';

describe('Origins', () => {
  test.each([
    ['', 'a program, which sends none'],
    ['http://127.0.0.1:8080', "a page of the server's own"],
    ['https://captions.example', 'a page that is listed'],
  ])('let in %j: %s', (origin) => {
    expect(isOriginAllowed(origin, '127.0.0.1:8080', 'https://other.example,https://captions.example')).toBe(
      true,
    );
  });

  test.each([
    ['https://evil.example', 'any other page'],
    ['http://127.0.0.1:9090', 'a page of another server on the same machine'],
    ['null', 'a page without an origin, such as a file'],
    ['self', 'a page that says it is listed'],
  ])('keep out %j: %s', (origin) => {
    const allowed = origin === 'self' ? 'https://captions.example' : 'self';
    expect(isOriginAllowed(origin, '127.0.0.1:8080', allowed)).toBe(false);
  });

  test('let everyone in where the operator says so', () => {
    expect(isOriginAllowed('https://evil.example', '127.0.0.1:8080', '*')).toBe(true);
  });
});
