import { serveKinesisVideo } from "./service";

/** Serves the data folder given as the first argument until it is killed, and prints where. */
void serveKinesisVideo({ dataDir: process.argv[2] }).then(({ url }) => console.log(url));
