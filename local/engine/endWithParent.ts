const LOOK_EVERY_MS = 1000;

/**
 * Ends this process when the one that started it is gone. Pulumi's engine ends its plugins itself, but not when it is
 * killed; they would wait for it for ever.
 */
export function endWithParent(): void {
  const parent = process.ppid;
  const look = () => {
    if (process.ppid !== parent) process.exit();
  };
  setInterval(look, LOOK_EVERY_MS).unref();
}
