// What a browser does at a social provider: shows its page, sends its forms, and follows where they lead.

const headers = { accept: 'text/html,*/*;q=0.8' }

/**
 * Answers the provider's page at `url`, and gives the first address that is not the sandbox's: where the browser is back
 * in the app.
 */
export async function answerProvider(url, { account = '', decision = 'continue' }) {
  const page = await (await fetch(url, { headers })).text()
  const body = new URLSearchParams({ ticket: field(page, 'ticket'), account, decision })
  let answer = await fetch(url.split('?')[0], { method: 'POST', body, headers, redirect: 'manual' })
  if (answer.status === 200) {
    // Apple's answer is a form that sends itself.
    const form = await answer.text()
    const back = new URLSearchParams(hiddenFields(form))
    answer = await fetch(form.match(/action="([^"]+)"/)[1], { method: 'POST', body: back, headers, redirect: 'manual' })
  } else {
    answer = await fetch(answer.headers.get('location'), { headers, redirect: 'manual' })
  }
  if (answer.status !== 303) throw new Error(`not back in the app: ${answer.status} ${await answer.text()}`)
  return new URL(answer.headers.get('location'))
}

/** The fields that a form sends by itself. */
function hiddenFields(page) {
  const inputs = page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  return [...inputs].map(([, name, value]) => [name, value.replaceAll('&quot;', '"').replaceAll('&amp;', '&')])
}

const field = (page, name) => page.match(new RegExp(`name="${name}" value="([^"]*)"`))[1]
