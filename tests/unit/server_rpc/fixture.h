/* A server of the engine on a free loopback port, its loop on a thread of its own.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_TESTS_SERVER_RPC_FIXTURE_H
#define CFT_TESTS_SERVER_RPC_FIXTURE_H

#include "common/event/mailbox.h"
#include "common/rpc/client.h"
#include "server/rpc/health.h"
#include "server/rpc/reflection.h"
#include "server/rpc/server.h"

#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <string>
#include <thread>

/* Runs tasks on the loop's thread: what tests need to touch the server's structs. */
class LoopThread
{
      public:
	LoopThread()
	{
		loop = cft_loop_new();
		box = cft_mailbox_new(loop, run_task, this);
		thread = std::thread([this] { cft_loop_run(loop); });
	}
	~LoopThread()
	{
		run([this] { cft_loop_stop(loop); });
		thread.join();
		cft_mailbox_free(box);
		cft_loop_free(loop);
	}
	void run(std::function<void()> fn)
	{
		Task task;
		task.fn = std::move(fn);
		cft_mailbox_post(box, &task.mail);
		task.done.get_future().wait();
	}

	struct cft_loop *loop;

      private:
	struct Task {
		struct cft_mail mail = {};
		std::function<void()> fn;
		std::promise<void> done;
	};
	static void run_task(void *, struct cft_mail *mail)
	{
		Task *task = reinterpret_cast<Task *>(mail);
		task->fn();
		task->done.set_value();
	}
	struct cft_mailbox *box;
	std::thread thread;
};

class RpcServer
{
      public:
	explicit RpcServer(const struct cft_rpc_service *service = nullptr)
	{
		on.run([&] {
			struct cft_rpc_server_options options = {};
			options.loop = on.loop;
			options.listen = "127.0.0.1:0";
			server = cft_rpc_server_new(&options);
			health = cft_health_new();
			reflection = cft_reflection_new_embedded();
			cft_rpc_server_add(server, service ? service : cft_health_service(health));
			cft_reflection_serve(reflection, server);
			ASSERT_EQ(cft_rpc_server_listen(server, &err), 0) << err.message;
			address = "127.0.0.1:" + std::to_string(cft_rpc_server_port(server));
		});
	}
	void stop(int grace_ms = 0)
	{
		std::promise<void> stopped;
		if (!server)
			return;
		on.run([&] {
			cft_health_shutdown(health);
			cft_reflection_shutdown(reflection);
			cft_rpc_server_stop(
				server, grace_ms,
				[](void *arg) {
					static_cast<std::promise<void> *>(arg)->set_value();
				},
				&stopped);
		});
		stopped.get_future().wait();
		on.run([&] {
			cft_rpc_server_free(server);
			cft_health_free(health);
			cft_reflection_free(reflection);
		});
		server = nullptr;
	}
	~RpcServer()
	{
		stop();
	}

	LoopThread on;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_rpc_server *server = nullptr;
	struct cft_health *health = nullptr;
	struct cft_reflection *reflection = nullptr;
	std::string address;
};

class RpcClient
{
      public:
	explicit RpcClient(const std::string &address)
	{
		struct cft_client_options options = {};
		options.servers = address.c_str();
		options.own_connection = true;
		EXPECT_EQ(cft_client_open(&options, &client, &err), 0) << err.message;
	}
	~RpcClient()
	{
		cft_client_close(client);
		cft_arena_release(&arena);
	}
	struct cft_client *client = nullptr;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_arena arena = CFT_ARENA_INIT;
};

#endif
