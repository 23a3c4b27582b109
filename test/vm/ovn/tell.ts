/** Says how far the guest is: what a time-out has to show. */
export function tell(what: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(1)} s: ${what}`);
}

const began = performance.now();
