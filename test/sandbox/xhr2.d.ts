// xhr2 comes without types: a constructor for browsers' XMLHttpRequest.
declare module 'xhr2' {
  const XMLHttpRequest: new () => object
  export default XMLHttpRequest
}
