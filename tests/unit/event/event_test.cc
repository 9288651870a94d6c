// Event: loop, timers, mailbox, pool, children.
// SPDX-License-Identifier: MIT
#include "common/event/child.h"
#include "common/event/loop.h"
#include "common/event/mailbox.h"
#include "common/event/pool.h"

#include <atomic>
#include <csignal>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

class Event : public ::testing::Test
{
      protected:
	~Event() override
	{
		cft_loop_free(loop);
	}

	struct cft_loop *loop = cft_loop_new();
};

struct Item {
	int thread, number;
	struct cft_mail mail;
};

struct Receiver {
	struct cft_loop *loop;
	std::vector<Item *> items;
	size_t expected;

	static void on_mail(void *ctx, struct cft_mail *mail)
	{
		auto *self = static_cast<Receiver *>(ctx);
		self->items.push_back(cft_mail_of(mail, Item, mail));
		if (self->items.size() == self->expected)
			cft_loop_stop(self->loop);
	}
};

struct Job {
	struct cft_job job;
	int input, output;
	std::vector<int> *answers;
	struct cft_loop *loop;
};

struct Output {
	struct cft_loop *loop;
	std::string text[3];
	int ends = 0, status = -1, signal = -1;

	static void on_output(void *ctx, int fd, const char *data, size_t len)
	{
		auto *self = static_cast<Output *>(ctx);
		self->text[fd].append(data, len);
		self->ends += len == 0;
	}
	static void on_exit(void *ctx, int status, int signal)
	{
		auto *self = static_cast<Output *>(ctx);
		self->status = status;
		self->signal = signal;
	}
	struct cft_child *spawn(const std::vector<const char *> &argv, int *ret_rc = nullptr,
	                        bool bare_environment = false)
	{
		struct cft_child_options options = {};
		struct cft_child *child = nullptr;
		struct cft_err err = CFT_ERR_INIT;
		options.argv = argv.data();
		options.bare_environment = bare_environment;
		options.on_output = on_output;
		options.on_exit = on_exit;
		options.ctx = this;
		int rc = cft_child_spawn(loop, &options, &child, &err);
		if (ret_rc)
			*ret_rc = rc;
		return child;
	}
};

} // namespace

TEST_F(Event, TimersFireInTheOrderOfTheirDelays)
{
	static std::string order;
	struct cft_timer *b = cft_timer_new(
		loop, [](void *) { order += "b"; }, nullptr);
	struct cft_timer *a = cft_timer_new(
		loop, [](void *) { order += "a"; }, nullptr);

	order.clear();
	cft_timer_start(b, 20, 0);
	cft_timer_start(a, 1, 0);
	EXPECT_TRUE(cft_timer_active(a));
	cft_loop_run(loop);
	EXPECT_EQ("ab", order);
	EXPECT_FALSE(cft_timer_active(a));
	cft_timer_free(a);
	cft_timer_free(b);
}

TEST_F(Event, ARepeatingTimerMayFreeItself)
{
	struct Counter {
		struct cft_timer *timer;
		int n;
	} counter = {nullptr, 0};

	counter.timer = cft_timer_new(
		loop,
		[](void *ctx) {
			auto *c = static_cast<Counter *>(ctx);
			if (++c->n == 3)
				cft_timer_free(c->timer);
		},
		&counter);
	cft_timer_start(counter.timer, 0, 1);
	cft_loop_run(loop);
	EXPECT_EQ(3, counter.n);
}

TEST_F(Event, SignalsArriveOnTheLoop)
{
	struct cft_signal *handle = cft_signal_new(
		loop, SIGUSR1,
		[](void *ctx, int number) {
			EXPECT_EQ(SIGUSR1, number);
			cft_loop_stop(static_cast<struct cft_loop *>(ctx));
		},
		loop);

	raise(SIGUSR1);
	cft_loop_run(loop);
	cft_signal_free(handle);
}

TEST_F(Event, MailboxKeepsEveryItemAndTheOrderOfEachThread)
{
	constexpr int threads = 4, each = 20000;
	std::vector<std::vector<Item>> items(threads, std::vector<Item>(each));
	std::vector<int> next(threads, 0);
	std::vector<std::thread> posters;
	Receiver receiver = {loop, {}, threads * each};
	struct cft_mailbox *box = cft_mailbox_new(loop, Receiver::on_mail, &receiver);

	for (int t = 0; t < threads; t++)
		posters.emplace_back([&, t] {
			for (int i = 0; i < each; i++) {
				items[t][i].thread = t;
				items[t][i].number = i;
				cft_mailbox_post(box, &items[t][i].mail);
			}
		});
	cft_loop_run(loop);
	for (std::thread &poster : posters)
		poster.join();
	for (Item *item : receiver.items)
		ASSERT_EQ(next[item->thread]++, item->number);
	cft_mailbox_free(box);
}

TEST_F(Event, MailboxDeliversWhatIsLeftWhenItGoes)
{
	Receiver receiver = {loop, {}, 0};
	struct cft_mailbox *box = cft_mailbox_new(loop, Receiver::on_mail, &receiver);
	Item item = {};

	cft_mailbox_post(box, &item.mail);
	cft_mailbox_free(box);
	EXPECT_EQ(1u, receiver.items.size());
}

TEST_F(Event, MailboxSaysWhenAllIsHandedOut)
{
	struct After {
		struct cft_loop *loop;
		Receiver receiver;
		std::vector<size_t> received; /* so far, each time */
		struct cft_mailbox *box;
	} after = {loop, {loop, {}, 0}, {}, nullptr};
	Item items[3] = {};

	after.box = cft_mailbox_new(
		loop,
		[](void *ctx, struct cft_mail *mail) {
			Receiver::on_mail(&static_cast<After *>(ctx)->receiver, mail);
		},
		&after);
	cft_mailbox_after(after.box, [](void *ctx) {
		After *self = static_cast<After *>(ctx);
		self->received.push_back(self->receiver.items.size());
		if (self->received.size() == 1)
			cft_mailbox_wake(self->box); /* and nothing is in it */
		else
			cft_loop_stop(self->loop);
	});
	for (Item &item : items)
		cft_mailbox_post(after.box, &item.mail);
	cft_loop_run(loop);
	EXPECT_EQ(after.received, (std::vector<size_t>{3, 3}));
	cft_mailbox_after(after.box, [](void *) {});
	cft_mailbox_free(after.box);
}

TEST_F(Event, PoolRunsEveryJobAndAnswersOnTheLoop)
{
	constexpr int count = 500;
	std::vector<Job> jobs(count);
	std::vector<int> answers;
	struct cft_pool *pool = cft_pool_new(loop, 3, 1 << 20);

	for (int i = 0; i < count; i++) {
		jobs[i].input = i;
		jobs[i].answers = &answers;
		jobs[i].loop = loop;
		jobs[i].job.run = [](struct cft_job *job) {
			Job *self = reinterpret_cast<Job *>(job);
			self->output = self->input * 2;
		};
		jobs[i].job.done = [](struct cft_job *job) {
			Job *self = reinterpret_cast<Job *>(job);
			self->answers->push_back(self->output);
			if (self->answers->size() == count)
				cft_loop_stop(self->loop);
		};
		cft_pool_submit(pool, &jobs[i].job);
	}
	EXPECT_EQ(static_cast<size_t>(count), cft_pool_pending(pool));
	cft_loop_run(loop);
	EXPECT_EQ(0u, cft_pool_pending(pool));
	std::sort(answers.begin(), answers.end());
	for (int i = 0; i < count; i++)
		ASSERT_EQ(2 * i, answers[i]);
	cft_pool_free(pool);
}

TEST_F(Event, PoolFinishesQueuedJobsWhenItGoes)
{
	std::vector<int> answers;
	struct cft_pool *pool = cft_pool_new(loop, 1, 0);
	Job job = {{[](struct cft_job *) { usleep(1000); },
	            [](struct cft_job *j) { reinterpret_cast<Job *>(j)->answers->push_back(1); },
	            {nullptr}},
	           0,
	           0,
	           &answers,
	           loop};

	cft_pool_submit(pool, &job.job);
	cft_pool_free(pool);
	EXPECT_EQ(1u, answers.size());
}

TEST_F(Event, AChildEchoesMoreThanAPipeHolds)
{
	Output output = {loop};
	std::string text(1 << 20, 'x');
	struct cft_child *child = output.spawn({"cat", nullptr});

	ASSERT_NE(nullptr, child);
	cft_child_write(child, text.data(), text.size());
	EXPECT_GT(cft_child_backlog(child), 0u);
	cft_child_close_input(child);
	cft_loop_run(loop);
	EXPECT_EQ(text, output.text[1]);
	EXPECT_EQ(0, output.status);
	EXPECT_EQ(2, output.ends);
	EXPECT_EQ(0, cft_child_pid(child));
	cft_child_free(child);
}

TEST_F(Event, AChildReportsExitStatusAndSignal)
{
	Output first = {loop}, second = {loop};
	struct cft_child *a = first.spawn({"sh", "-c", "echo no >&2; exit 7", nullptr});
	struct cft_child *b = second.spawn({"sleep", "1000", nullptr});

	cft_child_kill(b, SIGTERM);
	cft_loop_run(loop);
	EXPECT_EQ(7, first.status);
	EXPECT_EQ("no\n", first.text[2]);
	EXPECT_EQ(SIGTERM, second.signal);
	cft_child_free(a);
	cft_child_free(b);
}

TEST_F(Event, AMissingProgramIsAnError)
{
	Output output = {loop};
	int rc = 0;

	EXPECT_EQ(nullptr, output.spawn({"/nonexistent/program", nullptr}, &rc));
	EXPECT_EQ(CFT_E_NOT_FOUND, rc);
}

TEST_F(Event, AChildWithABareEnvironmentSeesNoSecretOfOurs)
{
	Output bare = {loop}, full = {loop};

	setenv("CFT_TEST_SECRET", "hush", 1);
	struct cft_child *a = bare.spawn({"env", nullptr}, nullptr, true);
	struct cft_child *b = full.spawn({"env", nullptr});
	cft_loop_run(loop);
	EXPECT_EQ(std::string::npos, bare.text[1].find("hush"));
	EXPECT_NE(std::string::npos, bare.text[1].find("PATH="));
	EXPECT_NE(std::string::npos, full.text[1].find("CFT_TEST_SECRET=hush"));
	unsetenv("CFT_TEST_SECRET");
	cft_child_free(a);
	cft_child_free(b);
}

TEST_F(Event, FreeingARunningChildKillsIt)
{
	Output output = {loop};
	struct cft_child *child = output.spawn({"sleep", "1000", nullptr});
	pid_t pid = cft_child_pid(child);

	cft_child_free(child);
	EXPECT_NE(0, kill(pid, 0));
	cft_loop_run(loop);
	EXPECT_EQ(-1, output.status);
}
