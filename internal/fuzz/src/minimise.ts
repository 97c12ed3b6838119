const PLAIN = 48

/**
 * Minimises an input that fails. Removes pieces, first large and then small ones, and replaces
 * irrelevant bytes by `0`.
 */
export async function minimise(
  input: Uint8Array,
  failsAlike: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let smallest = input
  for (
    let size = Math.ceil(input.length / 2);
    size >= 1;
    size = size > 1 ? Math.ceil(size / 2) : 0
  ) {
    for (let at = 0; at < smallest.length;) {
      const candidate = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)])
      // Each candidate depends on the one before.
      // oxlint-disable-next-line no-await-in-loop
      if (await failsAlike(candidate)) smallest = candidate
      else at += size
    }
  }
  for (let at = 0; at < smallest.length; at++) {
    const candidate = Buffer.from(smallest)
    candidate[at] = PLAIN
    // oxlint-disable-next-line no-await-in-loop
    if (await failsAlike(candidate)) smallest = candidate
  }
  return smallest
}
