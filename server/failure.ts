/**
 * Something the person at the command line can mend: a wrong path, a damaged model, a port in use. Its message is a
 * whole sentence (or more) that says what to do; the command line prints it without a stack and exits with 1.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
}
