// What everybody is told who is shown a device code (RFC 8628 section 5.4: whoever talks you into typing theirs is signed in as you).

export const deviceWarning = 'Only type a code that you yourself asked for.'
