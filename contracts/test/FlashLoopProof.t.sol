// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {FlashLoop, Loop} from "../FlashLoop.sol";
import {vm} from "./Vm.sol";

/// A factory that has one pool.
contract OnlyPool {
    address private _pool;

    function set(address pool) external {
        _pool = pool;
    }

    function getPool(address, address, uint24) external view returns (address) {
        return _pool;
    }
}

/// A token with books.
contract Booked {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function give(address account, uint256 amount) external {
        balanceOf[account] = amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address recipient, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[recipient] += amount;
        return true;
    }

    function transferFrom(address payer, address recipient, uint256 amount) external returns (bool) {
        allowance[payer][msg.sender] -= amount;
        balanceOf[payer] -= amount;
        balanceOf[recipient] += amount;
        return true;
    }
}

/// Shares that anyone lets be taken of, and that note of whom and for whom they were.
contract Taken {
    uint256 public held;
    uint256 public left;
    address public payer;
    address public recipient;

    function set(uint256 left_) external {
        left = left_;
    }

    function balanceOf(address) external view returns (uint256) {
        return held;
    }

    function transferFrom(address payer_, address, uint256) external returns (bool) {
        (payer, held) = (payer_, left);
        return true;
    }

    function transfer(address recipient_, uint256 amount) external returns (bool) {
        (recipient, held) = (recipient_, held - amount);
        return true;
    }
}

/// A lending pool and a lender in one that lend, take, repay and give whatever they are told to, which
/// need not be what they are asked for; and note for whom.
contract AnyBank {
    uint256[4] private _amounts;
    address private _initiator;
    address private _account;
    bool private _isForged;
    address public supplied;
    address public indebted;
    address public relieved;

    function set(uint256[4] calldata amounts, address initiator, bool isForged, address account) external {
        (_amounts, _initiator, _isForged, _account) = (amounts, initiator, isForged, account);
    }

    function flashLoanSimple(FlashLoop receiver, Booked asset, uint256 amount, bytes memory data, uint16) external {
        uint256 premium = _amounts[0];
        asset.transfer(address(receiver), amount);
        if (_isForged) {
            FlashLoop.Turn memory turn = abi.decode(data, (FlashLoop.Turn));
            turn.account = _account;
            data = abi.encode(turn);
        }
        receiver.executeOperation(address(asset), amount, premium, _initiator, data);
        asset.transferFrom(address(receiver), address(this), _amounts[3]);
    }

    function supply(Booked asset, uint256, address account, uint16) external {
        supplied = account;
        asset.transferFrom(msg.sender, address(this), _amounts[1]);
    }

    function borrow(Booked asset, uint256, uint256, uint16, address account) external {
        indebted = account;
        asset.transfer(msg.sender, _amounts[2]);
    }

    function repay(Booked asset, uint256, uint256, address account) external returns (uint256) {
        relieved = account;
        asset.transferFrom(msg.sender, address(this), _amounts[1]);
        return _amounts[2];
    }

    function withdraw(Booked asset, uint256 amount, address recipient) external returns (uint256) {
        asset.transfer(recipient, amount);
        return amount;
    }
}

/// A pool of the exchange that exchanges what it is told to.
contract AnyPool {
    Booked private _spent;
    Booked private _received;
    uint256 private _in;
    uint256 private _out;

    function set(Booked spent, Booked received, uint256 amountIn, uint256 amountOut) external {
        (_spent, _received, _in, _out) = (spent, received, amountIn, amountOut);
    }

    function swap(address recipient, bool zeroForOne, int256, uint160, bytes calldata data)
        external
        returns (int256 amount0, int256 amount1)
    {
        _received.transfer(recipient, _out);
        (amount0, amount1) = zeroForOne ? (int256(_in), -int256(_out)) : (-int256(_out), int256(_in));
        uint256 before = _spent.balanceOf(address(this));
        FlashLoop(msg.sender).uniswapV3SwapCallback(amount0, amount1, data);
        require(_spent.balanceOf(address(this)) == before + _in);
    }
}

/// For whom it acts and what it is left with, for every caller, and whatever lender, lending pool and
/// exchange do. Proved by halmos.
contract FlashLoopProof {
    uint24 private constant FEE = 500;
    uint256 private constant RICHES = 2 ** 128;

    OnlyPool private _factory;
    FlashLoop private _flash;
    AnyBank private _bank;
    AnyPool private _pool;
    Booked private _debt;
    Booked private _collateral;
    Taken private _shares;

    function setUp() public {
        (_factory, _bank, _pool) = (new OnlyPool(), new AnyBank(), new AnyPool());
        (_debt, _collateral, _shares) = (new Booked(), new Booked(), new Taken());
        _flash = new FlashLoop(address(_factory));
        _factory.set(address(_pool));
        _debt.give(address(_bank), RICHES);
        _debt.give(address(_pool), RICHES);
        _collateral.give(address(_bank), RICHES);
        _collateral.give(address(_pool), RICHES);
    }

    /// Out of a call nobody is awaited: whoever calls back, with whatever turn.
    function check_execute_byAnyoneUnasked__refused(
        address caller,
        address initiator,
        uint256 premium,
        FlashLoop.Turn memory turn
    ) public {
        bytes memory call = abi.encodeCall(
            FlashLoop.executeOperation, (turn.loop.debt, turn.loan, premium, initiator, abi.encode(turn))
        );
        vm.prank(caller);
        (bool passed,) = address(_flash).call(call);
        assert(!passed);
    }

    function check_exchange_byAnyoneUnasked__refused(
        address caller,
        int256 amount0,
        int256 amount1,
        FlashLoop.Turn memory turn
    ) public {
        bytes memory call = abi.encodeCall(FlashLoop.uniswapV3SwapCallback, (amount0, amount1, abi.encode(turn)));
        vm.prank(caller);
        (bool passed,) = address(_flash).call(call);
        assert(!passed);
    }

    /// Whatever comes of it, it is done for the caller alone, by a lender who tells the truth about who
    /// began it and brings what it was given; and nothing is left.
    function check_enter_whateverTheyDo__onlyForTheCallerAndNothingIsKept(
        address caller,
        address account,
        uint256[4] memory amounts,
        uint256[2] memory exchanged,
        uint256[2] memory bounds,
        address initiator,
        bool isForged
    ) public {
        vm.assume(_isNobody(caller) && exchanged[1] < RICHES);
        _bank.set(amounts, initiator, isForged, account);
        _pool.set(_debt, _collateral, exchanged[0], exchanged[1]);
        Loop memory loop = _loop();
        vm.prank(caller);
        (bool passed,) = address(_flash).call(abi.encodeCall(FlashLoop.enter, (loop, bounds[0], bounds[1], 1, 1)));
        if (passed) {
            assert(initiator == address(_flash) && (!isForged || account == caller));
            assert(_bank.supplied() == caller && _bank.indebted() == caller);
            assert(exchanged[0] == bounds[0] && exchanged[1] >= bounds[1]);
        }
        assert(_shares.payer() == address(0) && _bank.relieved() == address(0));
        _isNothingKept();
    }

    function check_leave_whateverTheyDo__onlyForTheCallerAndNothingIsKept(
        address caller,
        address account,
        uint256[4] memory amounts,
        uint256[2] memory exchanged,
        uint256[2] memory bounds,
        address initiator,
        bool isForged,
        uint256 left
    ) public {
        vm.assume(_isNobody(caller) && exchanged[0] < RICHES);
        _bank.set(amounts, initiator, isForged, account);
        _pool.set(_collateral, _debt, exchanged[0], exchanged[1]);
        _shares.set(left);
        Loop memory loop = _loop();
        vm.prank(caller);
        (bool passed,) = address(_flash).call(abi.encodeCall(FlashLoop.leave, (loop, bounds[0], bounds[1], 1, 1)));
        if (passed) {
            assert(initiator == address(_flash) && (!isForged || account == caller));
            assert(_bank.relieved() == caller && _shares.payer() == caller);
            assert(left == 0 ? _shares.recipient() == address(0) : _shares.recipient() == caller);
            assert(exchanged[0] <= bounds[1]);
        }
        assert(_bank.supplied() == address(0) && _bank.indebted() == address(0));
        _isNothingKept();
    }

    function _loop() private view returns (Loop memory) {
        return Loop(address(_bank), address(_bank), address(_collateral), address(_shares), address(_debt), FEE);
    }

    /// No contract of this stage: those do not call.
    function _isNobody(address caller) private view returns (bool) {
        return caller != address(_flash) && caller != address(_bank) && caller != address(_pool) && caller != address(0);
    }

    function _isNothingKept() private view {
        assert(_debt.balanceOf(address(_flash)) == 0 && _collateral.balanceOf(address(_flash)) == 0);
        assert(_debt.allowance(address(_flash), address(_bank)) == 0);
        assert(_debt.allowance(address(_flash), address(_pool)) == 0);
        assert(_collateral.allowance(address(_flash), address(_bank)) == 0);
        assert(_collateral.allowance(address(_flash), address(_pool)) == 0);
        assert(_shares.held() == 0 && address(_flash).balance == 0);
    }
}
