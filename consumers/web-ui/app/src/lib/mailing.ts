// What there is to say of a mail to a customer.

import type { Mailing } from './queries/campaigns';

/** Why a customer was left out. */
const REASONS: Record<string, string> = {
  no_permission: 'Does not allow e-mails',
  no_address: 'Has no address',
  campaign_completed: 'The campaign was over',
};

/** Why it was not sent, or may not have been. */
export function reasonOf({ reason, status }: Mailing): string {
  if (!reason) return '';
  return status === 'excluded' ? (REASONS[reason] ?? reason) : reason;
}

/** What its reader has done. */
export function reactionsOf(mailing: Mailing): string {
  const all = [
    ['opened', mailing.openedAt],
    ['clicked', mailing.clickedAt],
    ['replied', mailing.repliedAt],
    ['bounced', mailing.bouncedAt],
    ['unsubscribed', mailing.unsubscribedAt],
  ] as const;
  return all.flatMap(([name, at]) => (at ? [name] : [])).join(', ');
}
