/**
 * The secret of all tests, for whatever opens a dictionary without naming one, here or in a process
 * of its own. Nothing is read from or written into the home of who runs the tests.
 */

/** As strong as one of `holdfast secret`, and known to everybody. */
export const SECRET = 'c2VjcmV0LW9mLWFsbC10ZXN0cy1vZi1ob2xkZmFzdC0wMQ'

process.env.HOLDFAST_SECRET = SECRET
