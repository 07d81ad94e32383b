// The parts of MSAL that run, from its CommonJS build: one file where the ES modules are a hundred, and every start loads them.
import { createRequire } from 'node:module'

export const msal = createRequire(import.meta.url)('@azure/msal-node') as typeof import('@azure/msal-node')
