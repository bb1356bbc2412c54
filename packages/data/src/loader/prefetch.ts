/**
 * Runs jobs ahead of those who want their results: at most `ahead` are under way or done while one result is being used.
 * Results come in order. When the consumer stops, no more jobs are started.
 */
export async function* prefetch<Result>(
  jobs: Iterable<() => Promise<Result>>,
  ahead: number,
): AsyncGenerator<Result, void, undefined> {
  const iterator = jobs[Symbol.iterator]();
  const queue: Promise<Result>[] = [];
  let exhausted = false;
  const fill = (): void => {
    while (!exhausted && queue.length <= ahead) {
      const { value, done } = iterator.next();
      if (done) {
        exhausted = true;
      } else {
        const result = value();
        // A failure is thrown when its turn comes, not as an unhandled rejection while it waits.
        result.catch(() => {});
        queue.push(result);
      }
    }
  };
  try {
    for (;;) {
      fill();
      const next = queue.shift();
      if (!next) return;
      yield await next;
    }
  } finally {
    iterator.return?.();
  }
}
