"""Looks at the console with Chromium, as an operator does: browse.py URL AXE PICTURES

URL is that of an instance whose events are hostile, AXE the file axe.min.js, PICTURES a directory for screenshots. Prints one line for
each thing that is as it should be; the first that is not ends it with its reason.
"""

import sys
import time
import urllib.parse

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from chromium import browser, check, click, text, wait

URL, AXE, PICTURES = sys.argv[1:4]


def healthy(driver, page):
    """No finding of axe, no script of an event, no error in the browser's log."""
    with open(AXE) as file:
        driver.execute_script(file.read())
    result = driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    found = [f"{it['id']}: {it['help']}: {[node['html'] for node in it['nodes']][:3]}" for it in result["violations"]]
    check(not found, f"{page}: axe has no findings", found)
    check(not driver.execute_script("return window.hostile"), f"{page}: no text became a script")
    errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    errors = [error for error in errors if "favicon" not in error and "status of 4" not in error]
    check(not errors, f"{page}: the browser reports no error", errors)


def picture(driver, name):
    driver.save_screenshot(f"{PICTURES}/{name}.png")


def overview(driver):
    driver.get(URL)
    wait(driver, lambda it: "open/waiting-child" in text(it) and "Next deadlines" in text(it), "the overview has what is open")
    healthy(driver, "overview")
    picture(driver, "overview")


def lists(driver):
    click(driver, By.PARTIAL_LINK_TEXT, "open/waiting-child")
    wait(driver, lambda it: "status=open" in it.current_url and "waits for" in text(it), "a list has its filter in the address")
    healthy(driver, "list")
    picture(driver, "list")
    press = lambda keys: webdriver.ActionChains(driver).send_keys(keys).perform()
    press("j")
    first = driver.switch_to.active_element.get_attribute("href")
    press("j")
    second = driver.switch_to.active_element.get_attribute("href")
    check(first and second and first != second, "j goes through the list", (first, second))
    press("/")
    check(driver.switch_to.active_element.get_attribute("id") == "text", "/ goes to the search")
    driver.switch_to.active_element.send_keys("no such key", Keys.ENTER)
    wait(driver, lambda it: "Nothing matches" in text(it), "an empty list says so")
    healthy(driver, "empty list")
    driver.get(f"{URL}/entries/nothing/nowhere")
    wait(driver, lambda it: it.find_elements(By.CSS_SELECTOR, "[role=alert]"), "an unknown processor is an error with a remedy")
    healthy(driver, "error")


def command(driver, application, key):
    path = f"{URL}/entries/{application}/bundle/entry?key={urllib.parse.quote(key, safe='')}"
    driver.get(path)
    wait(driver, lambda it: "Missing" in text(it), "an entry says what is missing")
    healthy(driver, "entry")
    picture(driver, "entry")
    click(driver, By.LINK_TEXT, "cancel")
    wait(driver, lambda it: "cancel" in it.title, "a command asks whether it is meant")
    healthy(driver, "command")
    picture(driver, "command")
    driver.find_element(By.ID, "why").send_keys("a <script>window.hostile = 1</script> of mine")
    click(driver, By.CSS_SELECTOR, "main form button")
    wait(driver, lambda it: "accepted" in text(it) and "cancelled" in text(it), "a command is executed and told")
    healthy(driver, "entry after a command")


def audit(driver):
    click(driver, By.LINK_TEXT, "Audit")
    wait(driver, lambda it: "of mine" in text(it) and "cancelled" in text(it), "the audit tells who has done what, and why")
    healthy(driver, "audit")


def dead_letters(driver, application):
    """A record that is no event: shown with its bytes, not mended to what is no JSON, and sent again."""
    driver.get(f"{URL}/dead-letters/{application}")
    wait(driver, lambda it: "missing_field" in text(it), "the list of dead letters has the reason")
    healthy(driver, "dead letters")
    picture(driver, "dead-letters")
    click(driver, By.CSS_SELECTOR, "[data-row] a[data-open]")
    wait(driver, lambda it: "Decoded" in text(it) and "rounds" in text(it), "a letter has its record")
    healthy(driver, "dead letter")
    picture(driver, "dead-letter")
    click(driver, By.LINK_TEXT, "edit")
    wait(driver, lambda it: it.find_elements(By.ID, "argument-value"), "the form of edit")
    healthy(driver, "edit")
    value = driver.find_element(By.ID, "argument-value")
    check("window.hostile" in value.get_attribute("value"), "the value of the record stands in the form")
    value.clear()
    value.send_keys("{ no JSON")
    driver.find_element(By.ID, "why").send_keys("a trial")
    click(driver, By.CSS_SELECTOR, "main form button")
    wait(driver, lambda it: "and this one is not" in text(it), "what was JSON has to stay JSON")
    driver.back()
    driver.back()
    wait(driver, lambda it: it.find_elements(By.LINK_TEXT, "redrive"), "back at the letter")
    click(driver, By.LINK_TEXT, "redrive")
    driver.find_element(By.ID, "why").send_keys("once more")
    click(driver, By.CSS_SELECTOR, "main form button")
    wait(driver, lambda it: "accepted" in text(it) and "once more" in text(it), "a letter is sent again")
    healthy(driver, "letter that was sent again")


def live(driver, application, keys):
    """Page and command in two windows: the first one follows."""
    driver.get(f"{URL}/entries/{application}/bundle?status=cancelled")
    wait(driver, lambda it: keys[0] in text(it), "the list has the cancelled one")
    other = browser()
    try:
        other.get(f"{URL}/entries/{application}/bundle/entry?key={keys[1]}")
        click(other, By.LINK_TEXT, "cancel")
        other.find_element(By.ID, "why").send_keys("the same")
        click(other, By.CSS_SELECTOR, "main form button")
        wait(driver, lambda it: keys[1] in text(it), "a list follows without being loaded again")
    finally:
        other.quit()


def without_scripts(application, key):
    driver = browser(scripts=False)
    try:
        driver.get(URL)
        check("Next deadlines" in text(driver), "without scripts: the overview")
        driver.get(f"{URL}/entries/{application}/bundle?status=open")
        click(driver, By.LINK_TEXT, key)
        click(driver, By.LINK_TEXT, "cancel")
        driver.find_element(By.ID, "why").send_keys("without scripts")
        click(driver, By.CSS_SELECTOR, "main form button")
        wait(driver, lambda it: "accepted" in text(it), "without scripts: a command")
    finally:
        driver.quit()


def main():
    application, keys = sys.argv[4], sys.argv[5:8]
    driver = browser()
    try:
        overview(driver)
        lists(driver)
        command(driver, application, keys[0])
        audit(driver)
        dead_letters(driver, application)
        live(driver, application, keys)
    finally:
        driver.quit()
    without_scripts(application, keys[2])
    dark = browser(dark=True)
    try:
        dark.get(URL)
        time.sleep(1)
        healthy(dark, "overview, dark")
        picture(dark, "overview-dark")
    finally:
        dark.quit()


main()
