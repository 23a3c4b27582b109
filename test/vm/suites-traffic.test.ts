/** What measures traffic, on a stock kernel. */
import { testOnStockKernel } from "./stock-suites.ts";

await testOnStockKernel("test/traffic");
