#!/usr/bin/env python3
"""A worker of the tasks of food.yaml: any Kafka client can be one, and this one knows nothing of sheaf.

    pip install confluent-kafka
    python3 worker.py --bootstrap localhost:9092 --events food-events accept-order cook find-courier hand-over deliver

It reads StartTask from the queues and answers with TaskCompleted. What it has done it commits after its answer is written, so after a
crash it does some tasks again and answers them twice: sheaf takes the first answer.
"""
import argparse
import json
import signal

from confluent_kafka import Consumer, Producer

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--bootstrap", default="localhost:9092", help="the Kafka cluster")
arguments.add_argument("--events", default="food-events", help="the topic of the answers")
arguments.add_argument("--group", default="food-workers", help="the consumer group")
arguments.add_argument("--fail-once", metavar="TASK", help="say TaskFailed of this task the first time, then TaskPending, as a retry manager does")
arguments.add_argument("--twice", action="store_true", help="answer each task twice")
arguments.add_argument("queues", nargs="+", metavar="QUEUE", help="the topics of the tasks")
arguments = arguments.parse_args()

consumer = Consumer({
    "bootstrap.servers": arguments.bootstrap,
    "group.id": arguments.group,
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "isolation.level": "read_committed",
    "topic.metadata.refresh.interval.ms": 1000,
})
producer = Producer({"bootstrap.servers": arguments.bootstrap, "linger.ms": 5})
consumer.subscribe(arguments.queues)
is_running, failed = True, set()


def stop(*_):
    global is_running
    is_running = False


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)


def say(task, word, **more):
    names = ("business_ref_no", "component_name", "stage_name", "task_name", "task_type")
    event = {name: task[name] for name in names} | {"event_name": word} | more
    producer.produce(arguments.events, json.dumps(event), key=task["business_ref_no"])


print("ready", flush=True)
while is_running:
    records = [record for record in consumer.consume(100, 0.5) if not record.error()]
    for record in records:
        task = json.loads(record.value())
        key = (task["business_ref_no"], task["task_name"])
        if task["task_name"] == arguments.fail_once and key not in failed:
            failed.add(key)
            say(task, "TaskFailed", reason="the first time it fails")
            say(task, "TaskPending")
            continue
        for _ in range(2 if arguments.twice else 1):
            say(task, "TaskCompleted", result={"by": "worker"})
    if records:
        producer.flush()
        consumer.commit(asynchronous=False)
consumer.close()
