// Runs actions one at a time, in the order in which they were asked for.

/** Gives a function that runs each action when those before it have ended, however they ended, and passes its outcome on. */
export function inOrder(): <T>(action: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return action => {
    const turn = last.then(action)
    last = turn.catch(() => undefined)
    return turn
  }
}
