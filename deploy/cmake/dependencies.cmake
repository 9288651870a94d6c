# Third-party libraries, one interface target each; each is used by one module (docs/architecture.md).
# SPDX-License-Identifier: MIT
#
# Everything but glibc, libuv and libpq is linked statically, and libpq is loaded when it is first
# wanted: the command line starts in milliseconds instead of loading some eighty shared libraries.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(cft_static_dependency target pc)
	pkg_check_modules(${target} REQUIRED ${pc})
	add_library(${target} INTERFACE)
	target_include_directories(${target} SYSTEM INTERFACE ${${target}_STATIC_INCLUDE_DIRS})
	set(libs "")
	foreach(lib IN LISTS ${target}_STATIC_LIBRARIES)
		find_library(cft_lib_${lib} NAMES lib${lib}.a)
		if(cft_lib_${lib})
			list(APPEND libs ${cft_lib_${lib}})
		endif()
	endforeach()
	list(REMOVE_DUPLICATES libs)
	# The archives of gRPC and absl refer to each other in circles.
	list(JOIN libs "," group)
	target_link_libraries(${target} INTERFACE "$<LINK_GROUP:RESCAN,${group}>")
endfunction()

cft_static_dependency(dep_grpc grpc)
# server/rpc/acceptor.c calls an object of gRPC's C++ inside; look at its layout before raising this.
if(NOT dep_grpc_VERSION VERSION_GREATER_EQUAL 29 OR NOT dep_grpc_VERSION VERSION_LESS 30)
	message(FATAL_ERROR "gRPC core 29 (gRPC 1.51) is needed, not ${dep_grpc_VERSION}")
endif()
# Programs in C take libstdc++ in (flags.cmake has libgcc); a driver for C++ brings its own.
if(CFT_SANITIZE)
	set(cft_stdcxx stdc++)
else()
	set(cft_stdcxx $<$<LINK_LANGUAGE:C>:-l:libstdc++.a>)
endif()
target_link_libraries(dep_grpc INTERFACE ${cft_stdcxx} m dl rt Threads::Threads)
cft_static_dependency(dep_protobuf_c libprotobuf-c)
cft_static_dependency(dep_yaml yaml-0.1)
cft_static_dependency(dep_jansson jansson)
cft_static_dependency(dep_crypto libcrypto)
target_link_libraries(dep_crypto INTERFACE dl Threads::Threads)
cft_static_dependency(dep_ssl libssl)
cft_static_dependency(dep_event "libevent_extra;libevent_core")

# libpg_query ships no .pc file. protobuf-c comes first: libpg_query carries a copy of its symbols.
find_library(PG_QUERY_LIBRARY NAMES libpg_query.a REQUIRED)
find_path(PG_QUERY_INCLUDE pg_query.h REQUIRED)
add_library(dep_pg_query INTERFACE)
target_include_directories(dep_pg_query SYSTEM INTERFACE ${PG_QUERY_INCLUDE})
target_link_libraries(dep_pg_query INTERFACE dep_protobuf_c ${PG_QUERY_LIBRARY} Threads::Threads m)
# See common/sql/syntax/capture.h.
target_link_options(dep_pg_query INTERFACE
	-Wl,--wrap=pg_query__parse_result__pack,--wrap=pg_query__parse_result__get_packed_size)

pkg_check_modules(LIBPQ REQUIRED libpq)
add_library(dep_pq INTERFACE)
target_include_directories(dep_pq SYSTEM INTERFACE ${LIBPQ_INCLUDE_DIRS})
# Not linked: common/pg/libpq.h loads it.
target_link_libraries(dep_pq INTERFACE dl)

pkg_check_modules(LIBUV REQUIRED libuv)
add_library(dep_uv INTERFACE)
target_include_directories(dep_uv SYSTEM INTERFACE ${LIBUV_INCLUDE_DIRS})
target_link_libraries(dep_uv INTERFACE uv Threads::Threads)
