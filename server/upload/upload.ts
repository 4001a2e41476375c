/** A recording that was sent over HTTP, as a file on the server's disk. */
export interface Upload {
  /** The server's own; never to be told to the client. */
  readonly path: string;
  readonly bytes: number;
  /** As the sender calls it, without folders; '' where it does not say. */
  readonly fileName: string;
  /** What the sender takes it for; '' where it does not say. */
  readonly contentType: string;
  /** The form's other fields, in their order; none of a body that is no form. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** Deletes the file, and gives its place among the uploads to another. Idempotent; never throws. */
  remove(): Promise<void>;
}
