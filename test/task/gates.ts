/** A step at which somebody waits to be let on. */
export interface Held {
  /** resolves when somebody has come to the step */
  readonly reached: Promise<void>;
  release(): void;
  /** lets the one who waits there fail */
  fail(error: Error): void;
}

interface Gate extends Held {
  pass(): Promise<void>;
}

/** Named steps, of which a test can hold the next passage. */
export class Gates<Step extends string> {
  readonly #gates = new Map<Step, Gate[]>();

  /** The next one to come to this step, that no earlier call holds, waits there. */
  hold(step: Step): Held {
    const gate = closedGate();
    this.#gates.set(step, [...(this.#gates.get(step) ?? []), gate]);
    return gate;
  }

  /** The next one to come to this step fails. */
  fail(step: Step, error: Error): void {
    this.hold(step).fail(error);
  }

  async pass(step: Step): Promise<void> {
    await this.#gates.get(step)?.shift()?.pass();
  }
}

function closedGate(): Gate {
  let open: () => void = () => undefined;
  let refuse: (error: Error) => void = () => undefined;
  let arrive: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    refuse = reject;
  });
  passed.catch(() => undefined);
  return {
    reached,
    release: () => {
      open();
    },
    fail: (error) => {
      refuse(error);
    },
    pass: () => {
      arrive();
      return passed;
    },
  };
}
