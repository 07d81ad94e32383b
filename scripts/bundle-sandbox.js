export async function bundleSandbox() {}
