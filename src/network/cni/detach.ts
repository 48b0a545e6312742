import type { Attachment, AttachmentStore } from '../../store/attachments.js';
import { disconnect } from '../disconnect.js';
import { keyOf } from './key.js';
import type { Ledger, NetworkState } from '../host.js';

/** What was made for an attachment, as a ledger. */
export function ledgerOf(attachments: AttachmentStore, attachment: Attachment): Ledger {
  return {
    making: (kind, detail) => attachments.making(attachment, kind, detail),
    unmade: (seq) => {
      attachments.unmade(attachment, seq);
    },
  };
}

/** Takes an attachment away, as often as asked; one that is not there is no error (specification, DEL). */
export async function detach(
  host: NetworkState,
  attachments: AttachmentStore,
  attachment: Attachment,
): Promise<void> {
  if (!attachments.has(attachment)) return;
  await disconnect(host, keyOf(attachment), ledgerOf(attachments, attachment), attachments.made(attachment));
  attachments.remove(attachment);
}
