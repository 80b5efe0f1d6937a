"""The operator's drill at the console, in Chromium: drill.py URL TOKEN CASE ID PARENT

Each case begins at the overview: something is wrong, nobody says what. TOKEN is that of `ann`, ID the bundle that is in trouble, PARENT the
whole value of its parent. What others have to do is printed (`please: ..`); a line on the standard input says that it was done. At the
end the bundle was submitted, and no dead letter is open.
"""

import datetime
import sys

from selenium.webdriver.common.by import By

from chromium import browser, check, click, text, wait

URL, TOKEN, CASE, ID, PARENT = sys.argv[1:6]
# A suspended target is probed within a minute.
PROBED = 120


def please(what):
    print(f"please: {what}", flush=True)
    if not sys.stdin.readline():
        sys.exit(f"nobody has done it: {what}")


def sign_in(driver):
    driver.get(URL)
    wait(driver, lambda it: it.find_elements(By.ID, "token"), "the console asks who it is")
    driver.find_element(By.ID, "token").send_keys(TOKEN)
    click(driver, By.CSS_SELECTOR, "main form button")
    wait(driver, lambda it: "Overview" in text(it), "and shows the overview")


def element(driver, path):
    """The element of this path; none while there is none."""
    return next(iter(driver.find_elements(By.XPATH, path)), None)


def find(driver, processor, status, row):
    """From the overview by a number to the list, and by the row that has this text to the entry."""
    card = f"//li[contains(@class, 'card')][span[.='{processor}']]/a[contains(., '{status}')]"
    driver.get(URL)
    wait(driver, lambda it: element(it, f"{card}/span[.='1']"), f"the overview counts: 1 {status}, {processor}")
    click(driver, By.XPATH, card)
    link = f"//tr[@data-row][contains(., '{row}')]//a[@data-open]"
    wait(driver, lambda it: "/entry" not in it.current_url and element(it, link), f"the list of {status}, {processor} has it")
    click(driver, By.XPATH, link)
    wait(driver, lambda it: "key=" in it.current_url and element(it, "//p[@class='lead']"), "and opens it")


def stands(driver):
    """Where the entry of the page stands."""
    return [status.text for status in driver.find_elements(By.CSS_SELECTOR, ".lead .status")]


def has(driver, what, *texts):
    """The page has all of these texts."""
    wait(driver, lambda it: all(part in text(it) for part in texts), what)


def ask(driver, name):
    """Opens the form of a command."""
    click(driver, By.LINK_TEXT, name)
    wait(driver, lambda it: f"{name} " in it.title and it.find_elements(By.ID, "why"), f"{name} asks whether it is meant")


def send(driver, name, why, **arguments):
    """Fills the form and sends it."""
    for argument, value in arguments.items():
        field = driver.find_element(By.ID, f"argument-{argument}")
        field.clear()
        field.send_keys(value)
    driver.find_element(By.ID, "why").send_keys(why)
    click(driver, By.CSS_SELECTOR, "main form button")
    wait(driver, lambda it: f"{name}: accepted" in text(it), f"{name} is executed")
    wait(driver, lambda it: element(it, f"//td[.='ann']/following-sibling::td[.='{why}']"), "and audited: who, and why")


def no_letter(driver):
    click(driver, By.LINK_TEXT, "dead-letter")
    wait(driver, lambda it: "No dead letter is like that" in text(it), "no dead letter is open")


def unreadable(driver):
    find(driver, "dead-letter", "open", "unparsable")
    has(driver, "the page has the reason and the record", "unparsable", '{"children":', ID)
    ask(driver, "edit")
    send(driver, "edit", "its producer wrote half of it", value=PARENT)
    wait(driver, lambda it: stands(it) == ["edited"], "the letter is edited")


def late(driver):
    find(driver, "bundle", "breached/waiting-parent", ID)
    missing = "//h2[.='Missing']/following-sibling::ul[1]/li"
    wait(driver, lambda it: [item.text for item in it.find_elements(By.XPATH, missing)] == ["parent"], "the page has what is missing")
    has(driver, "and that the deadline passed", "sla_breach")
    no_letter(driver)
    find(driver, "bundle", "breached/waiting-parent", ID)
    ask(driver, "extend")
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
    send(driver, "extend", "its producer writes the parent again", until=until.strftime("%Y-%m-%dT%H:%M:%SZ"))
    wait(driver, lambda it: stands(it) == ["open/waiting-parent"], "it waits again")
    please("write the parent")
    wait(driver, lambda it: stands(it) == ["closed"], "the page follows: the bundle is complete")


def refused(driver):
    driver.get(URL)
    has(driver, "the overview has the suspended sink and its reason", "Sink control_m takes nothing", "suspended since", "401")
    find(driver, "bundle", "closed", ID)
    click(driver, By.XPATH, "//h2[.='delivery']/following-sibling::p[1]/a")
    has(driver, "the delivery has its rendered definition", f"folder-{ID}", "Body, as rendered")
    wait(driver, lambda it: stands(it) in (["waiting"], ["submitting"]), "which waits")
    other = browser()
    try:
        sign_in(other)
        has(other, "the overview is open meanwhile", "takes nothing")
        please("rotate the key")
        wait(driver, lambda it: stands(it) == ["submitted"], "the page follows: the delivery is submitted", PROBED)
        wait(other, lambda it: "takes nothing" not in text(it), "the overview follows: the sink is well")
    finally:
        other.quit()


def failed(driver):
    find(driver, "delivery", "failed", ID)
    has(driver, "the page has the reason and the submission", "region", "Its request could not be made", f'"bundle_id":"{ID}"')
    please("mend the template")
    ask(driver, "resubmit")
    filled = driver.find_element(By.ID, "argument-submission").get_attribute("value")
    check(ID in filled, "the form has the submission", filled)
    send(driver, "resubmit", "the template is mended")
    wait(driver, lambda it: stands(it) == ["submitted"], "the page follows: the delivery is submitted")
    find(driver, "dead-letter", "open", "region")
    ask(driver, "discard")
    send(driver, "discard", "it was submitted")


def main():
    driver = browser()
    try:
        sign_in(driver)
        {"unreadable": unreadable, "late": late, "refused": refused, "failed": failed}[CASE](driver)
        find(driver, "delivery", "submitted", ID)
        wait(driver, lambda it: stands(it) == ["submitted"], "the bundle is submitted")
        no_letter(driver)
    finally:
        driver.quit()


main()
