/** Does something once each time that the daemon has come to rest. */
export interface Rest {
  /** Something happens: the rest begins anew. */
  disturb(): void;
  stop(): void;
}

/** Calls `settle` when nothing has disturbed for `milliseconds`, once until the next disturbance. */
export function createRest(milliseconds: number, settle: () => void): Rest {
  let timer: NodeJS.Timeout | undefined;
  return {
    disturb: () => {
      clearTimeout(timer);
      timer = setTimeout(settle, milliseconds).unref();
    },
    stop: () => {
      clearTimeout(timer);
    },
  };
}
