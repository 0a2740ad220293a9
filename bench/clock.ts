/** A time that all processes of this machine share, in milliseconds. No clock step changes it. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
