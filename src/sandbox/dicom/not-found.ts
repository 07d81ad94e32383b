// Says what is wrong with a path that leads nowhere. The Azure service says nothing there; who follows its tutorial needs to know.

const resources = ['studies', 'series', 'instances', 'workitems', 'changefeed', 'partitions', 'operations']

/** @param target - Path and query as they came. */
export function explainNotFound(target: string): string {
  const [path = ''] = target.split('?')
  const [, version = '', resource = ''] = path.split('/')
  if (resources.includes(version)) return `There is nothing at ${path}: the path must begin with the API version, as in /v2${path}.`
  if (/^v1(\.0-prerelease)?$/.test(version))
    return `The sandbox serves version 2 of the API only: /v2/${path.split('/').slice(2).join('/')}`
  if (version !== 'v2') return `There is nothing at ${path}: paths begin with /v2, as in /v2/studies.`
  const glued = resources.find(name => resource.startsWith(name) && resource.length > name.length)
  if (glued) {
    const repaired = path.replace(resource, `${glued}/${resource.slice(glued.length)}`)
    return `There is nothing at ${path}: a slash is missing after '${glued}'. Did you mean ${repaired}?`
  }
  return `There is no such resource or method at ${path}.`
}
