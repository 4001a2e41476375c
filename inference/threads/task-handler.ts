/** An exception inside a task arrives as a value, so that it is never mistaken for the death of a thread. */
export type TaskOutcome<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly message: string };

/** Wraps a thread's handler so that its exceptions become outcomes. */
export function taskHandler<Task, Result>(
  handle: (task: Task) => Promise<Result>,
): (task: Task) => Promise<TaskOutcome<Result>> {
  return async (task) => {
    try {
      return { ok: true, result: await handle(task) };
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) };
    }
  };
}
