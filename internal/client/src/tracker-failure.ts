/**
 * The tracker's own refusal: `failure reason` (BEP 3) or an error packet (BEP 15). The message is
 * its text.
 */
export class TrackerFailure extends Error {
  override readonly name = 'TrackerFailure'
}
