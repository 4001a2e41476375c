import { Gauge, type Registry } from 'prom-client';

/** What is read when somebody asks for the metrics. */
export interface WatchedUploads {
  readonly underWay: number;
  readonly diskBytes: number;
}

/** Metrics of recordings that are sent over HTTP. */
export class UploadMetrics {
  #uploads: WatchedUploads = { underWay: 0, diskBytes: 0 };

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name: `roundtable_${name}`,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    gauge(
      'uploads',
      'Recordings over HTTP, from their first byte until they are removed.',
      () => this.#uploads.underWay,
    );
    gauge('upload_disk_bytes', 'What those recordings take of the disk.', () => this.#uploads.diskBytes);
  }

  /** From here on the uploads are asked for what they know. */
  watch(uploads: WatchedUploads): void {
    this.#uploads = uploads;
  }
}
