/** Ports of 127.0.0.1 that nobody has. */
import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that the kernel gives to connections: nobody gets one by chance between our look and its use. */
const [LOWEST, COUNT] = [20_000, 12_000];

export const freePorts = async (count: number): Promise<readonly number[]> => {
  const found = new Set<number>();
  while (found.size < count) {
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
};

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
};
