"""Chromium, and what scripts do with a page of the console. The first thing that is not as it should be ends a script with its reason."""

import shutil
import sys
import time

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

WAIT = 30


def browser(dark=False, scripts=True):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,900", "--no-proxy-server"):
        options.add_argument(argument)
    if dark:
        options.add_argument("--force-dark-mode")
        options.add_argument("--blink-settings=preferredColorScheme=0")
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def ok(what):
    print(f"{what:<60} ok", flush=True)


def check(condition, what, detail=""):
    if not condition:
        sys.exit(f"{what}: {detail}")
    ok(what)


def wait(driver, condition, what, seconds=WAIT):
    try:
        WebDriverWait(driver, seconds, ignored_exceptions=[WebDriverException]).until(condition)
    except Exception as error:  # the page tells more than the time-out
        sys.exit(f"{what}: {error!r}\n{driver.page_source[:20000]}")
    ok(what)


def text(driver):
    return driver.find_element(By.TAG_NAME, "main").text


def click(driver, by, value):
    """Clicks an element, which an update may replace meanwhile."""
    for _ in range(10):
        try:
            return driver.find_element(by, value).click()
        except StaleElementReferenceException:
            time.sleep(0.2)
    sys.exit(f"{value} cannot be clicked")
