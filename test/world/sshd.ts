/** The machine's own sshd on a loopback port, trusting nothing but one certificate authority: the one that the demo starts. */

export { freePort } from '../../src/cli/demo/companion.ts'
export { SSHD, startSshd, type Sshd } from '../../src/cli/demo/sshd.ts'
