// `npm start`: builds when needed, then runs the command line that follows.
import { build } from './build.js'

await build()
await import('../dist/src/main.js')
