import { crc32, deflateRawSync } from 'node:zlib';

/** A file in an archive. Names are ASCII. */
export interface ArchivedFile {
  readonly name: string;
  readonly content: string;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
/** 2.0: deflate and folders. */
const VERSION = 20;
const DEFLATE = 8;
/** 1 January 1980, the first day that archives know: the same files make the same archive. */
const DAY = 0x21;

/** A ZIP archive (PKWARE, APPNOTE.TXT 6.3.10), without the extensions for more than 4 GB. */
export function zip(files: readonly ArchivedFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of files) {
    const bytes = Buffer.from(content, 'utf8');
    const deflated = deflateRawSync(bytes);
    const common = commonHeader(crc32(bytes), deflated.length, bytes.length, name.length);
    const nameBytes = Buffer.from(name, 'latin1');
    const local = Buffer.concat([int32(LOCAL_HEADER), common, nameBytes, deflated]);
    parts.push(local);
    directory.push(
      // Comment length, disk, attributes inside (2) and outside (4), and where the local header is.
      Buffer.concat([
        int32(CENTRAL_HEADER),
        int16(VERSION),
        common,
        Buffer.alloc(10),
        int32(offset),
        nameBytes,
      ]),
    );
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const count = int16(files.length);
  const sizes = [int32(entries.length), int32(offset), int16(0)];

  return Buffer.concat([...parts, entries, int32(END_OF_DIRECTORY), Buffer.alloc(4), count, count, ...sizes]);
}

/** What a file's two headers share. */
function commonHeader(checksum: number, deflatedBytes: number, bytes: number, nameBytes: number): Buffer {
  const settings = [int16(VERSION), int16(0), int16(DEFLATE), int16(0), int16(DAY)];

  return Buffer.concat([
    ...settings,
    ...[int32(checksum), int32(deflatedBytes), int32(bytes), int16(nameBytes), int16(0)],
  ]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);

  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);

  return bytes;
}
